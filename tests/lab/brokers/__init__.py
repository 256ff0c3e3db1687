"""A cluster of RabbitMQ, aedes and amqtt take our messages (`make test-brokers`, 2 minutes, npm)."""
