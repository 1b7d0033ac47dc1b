"""The parts the demo county is made of; `fivelink.demo_county` puts them together."""
