"""The étiquettes of each meter family, as the documents of Enedis list them."""
