"""From what is asked for to the stages that it takes, by demand."""
