"""RabbitMQ, aedes, amqtt and a mosquitto with rules and a bridge (`make test-brokers`, 2 minutes, npm)."""
