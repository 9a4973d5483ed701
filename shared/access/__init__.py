"""Who may do what: roles, the departments that each is bound to, and keys."""
