// Package judges compares our code with that of others; its tests run with the
// build tag judges (make test-judges).
package judges
