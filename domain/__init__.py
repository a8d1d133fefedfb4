"""The kernel of the product: what partners do, what it earns, who owns what. Imports nothing of ours from outside."""
