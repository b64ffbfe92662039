"""What templates say of numbers, times and people."""
