"""What things are: the season file, the timeline, states, commands and results."""
