"""`tutor bench`: learners who speak in real time with any server of the protocol, and what they met."""
