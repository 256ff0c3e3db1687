"""The daemon: it joins the port, the decoder and the broker, and watches them."""
