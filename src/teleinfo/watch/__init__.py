"""The live meter in the terminal."""
