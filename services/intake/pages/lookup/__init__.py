"""The public look-up: who holds a slip learns how the dossier stands, and nobody learns anything else."""
