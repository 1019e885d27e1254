"""What the desk costs, side by side with what it is compared to: ``python -m bench [--quick]``."""
