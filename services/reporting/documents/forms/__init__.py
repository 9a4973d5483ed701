"""The statutory form II.06a (domain §5) of a report: its lines and sections, and the files that offices hand in."""
