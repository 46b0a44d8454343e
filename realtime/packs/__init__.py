"""Voice packs: the lines of the lessons, spoken once and played from then on."""
