// Package siptest is the other end of SIP for demonstrations and tests: a
// small registrar and proxy, and a UDP network in memory that works in
// testing/synctest bubbles.
package siptest
