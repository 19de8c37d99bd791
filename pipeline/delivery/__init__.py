"""Getting bulletins to stations and proving that they are there: transports, the protocol, what lies in the folder."""
