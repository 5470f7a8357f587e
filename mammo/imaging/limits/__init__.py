"""Count what a file holds before it is decoded: real films have few of everything."""
