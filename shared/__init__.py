"""What the services agree on: the domain, the contract, the catalogue; nothing here knows a service."""
