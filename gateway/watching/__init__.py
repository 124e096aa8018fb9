"""The watch: compares what every partner had evaluated with what it registered and asked, and names who stands out."""
