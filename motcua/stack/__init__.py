"""What runs a whole stack on this machine: broker, services, the demo and the years it plays. The services' images need none of it."""
