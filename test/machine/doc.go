// Package machine boots Debian's own ARM kernels under QEMU and runs the code
// that talks to the kernel there: GPIO lines, the line-feed chip's driver over
// spidev, the PCM highway on a sound card, the watchdog. Run it with
//
//	make test-machine
//
// The machine lives in virtual time: QEMU counts instructions, four nanoseconds
// each, and skips idle time. What happens in it does not depend on how busy the
// host is and repeats exactly.
//
//	host                            machine
//	machine_test.go --> qemu -->    init (PID 1) --> guest.test
//	                                                  | agent's code    far end
//	                                                  v                 (chip models)
//	                                kernel: gpiochip, spidev, pcm, watchdog
//	                                        ^------- vboard.ko, snd-aloop -----^
//
// It does not prove analogue behaviour, the timing of a real SoC's SPI and PCM
// with DMA, device trees and pin multiplexers, or latency on a loaded SoC.
package machine
