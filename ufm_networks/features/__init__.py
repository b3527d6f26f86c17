"""Features of a network over a data set, batch by batch, and of its halves; used by training and measuring."""
