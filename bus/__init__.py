"""The shared language of the shop (messages/), and how it travels: in this process, stored, or through a queue."""
