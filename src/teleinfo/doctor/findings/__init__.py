"""The findings of the doctor, by the area of their check."""
