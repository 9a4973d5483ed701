"""What runs a whole stack on this machine: broker, services, the demo and its years. No client needs it."""
