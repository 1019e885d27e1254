"""Real desks in processes of their own, killed with SIGKILL at named points, and compared with the shop's books."""
