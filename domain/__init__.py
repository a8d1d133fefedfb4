"""The kernel of the product: what partners do, what it earns and who owns what; imports nothing of ours from outside."""
