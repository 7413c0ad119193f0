// Package model is what the pins of all simulated hardware have in common: what a
// pin answers to periph's questions, and the queue in which the kernel keeps the
// edges of an input until the program takes them.
package model
