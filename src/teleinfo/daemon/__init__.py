"""The daemon: what joins the port, the decoder and the broker, and watches over them."""
