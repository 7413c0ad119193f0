// Package machine boots Debian's own ARM kernels under QEMU and runs the code
// that talks to the kernel there: GPIO lines, the line-feed chip's driver over
// spidev, the PCM highway on a sound card, the watchdog. Then the agent's own
// binary runs on all of it, as a board with two lines that makes and takes
// calls. Run it with
//
//	make test-machine
//
// The machine lives in virtual time: QEMU counts instructions, one or four
// nanoseconds each, and skips idle time. What happens in it does not depend on
// how busy the host is.
//
//	host                            machine
//	machine_test.go --> qemu -->    init (PID 1) --> guest.test         far end
//	                                      code of the agent, or         chip models,
//	                                      its binary beside it          telephones, registrar
//	                                                  |                        |
//	                                kernel: gpiochip, spidev, pcm, watchdog    |
//	                                        ^------- vboard.ko, snd-aloop -----+
//
// It boots several times for each architecture:
//
//	kernel   packages that talk to the kernel, each by itself
//	agent    the binary: calls, caller ID, a card that goes away, echo, a bad network,
//	         a processor that others want
//	radio    the binary behind a radio link of mac80211_hwsim: its signal, a bad one,
//	         an access point that goes away
//	package  the Debian package under systemd, arm64 alone: its unit confines the
//	         binary, feeds its watchdog, restarts it; upgrade and purge
//	frozen   the binary is stopped; the watchdog reboots the machine
//	cost     instructions that a line takes for 20 ms, against testdata/cost.json
//
// The figures of cost are exact. A change that takes 5 % more fails; where that
// is meant, record what it takes:
//
//	go test -tags machine -run TestMachine/.*/cost ./test/machine -update
//
// It does not prove analogue behaviour, the timing of a real SoC's SPI and PCM
// with DMA, device trees and pin multiplexers, or latency on a loaded SoC.
package machine
