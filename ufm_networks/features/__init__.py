"""Features of a network over a data set, batch by batch, and of its halves; training and measuring stand on it."""
