"""Laws: properties that hold after any history, checked against models that share no code."""
