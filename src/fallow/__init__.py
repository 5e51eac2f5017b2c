"""Fallow: a mine-action information system, from the first report of a mine to land given back."""
