"""From recordings and takes to a master: decode, arrange, meter, limit, encode, tag, picture. One channel."""
