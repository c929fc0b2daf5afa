"""What could not be declared: amounts in two currencies, taxes, releases as lines, statuses in a plant's own words."""
