"""
A day of traffic through the real daemon in minutes, to see that nothing grows: `make soak`.

A simulated meter (historique, after half of the day standard) plays on a real pseudo-terminal, many times
faster than its line would; the real process reads it; a real mosquitto carries the readings to a subscriber.
Every simulated ten minutes the port is hung up in mid-frame and comes back with another number behind the
same link, and the broker is killed (SIGKILL) and started again. A real page at that broker is looked at as
often, by a reader of its stream, a request for each table of a year, and clients that leave; once an hour a
file is imported and the import undone. One line a simulated hour, then a verdict.

What is simulated: the day of the meter and the speed of its line, which waits for the reader where a real one
would lose bytes. What is real, and no faster: all the rest, the daemon's own timers among it. Therefore
- the broker is killed only once the connection was steady for 30 s: sooner, the daemon would rightly take it
  for the same outage and wait longer each time. At `--speed 17` or less that is every simulated ten minutes;
- no port is hung up while the daemon still looks for the speed of a meter that changed its mode.
"""
