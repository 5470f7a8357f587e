"""What every page is made of: frame, widgets, cache, pictures, cases, results."""
