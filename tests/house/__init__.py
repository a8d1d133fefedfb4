"""Rules of HOUSE.md about the source itself, each with a planted violation that shows it is caught."""
