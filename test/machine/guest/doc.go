// Package guest is the tests that run inside the emulated machine. They are
// built for its architecture and carried out by its PID 1; see package machine.
package guest
