// Package board knows machines: which bus, which pins, which sound card and
// which line chips make up a terminal adapter, like an ASoC machine driver.
//
// A board file describes one machine as a JSON document of strict form
// ([Parse]); files of ready boards are built in ([Profiles]). [Detect] and
// [ReadIdentity] say on which machine the program runs. [Open] turns a
// description into the hardware of an agent:
//
//	Description ──Open──▶ Board.PCM    the highway, channels in the order of the lines
//	                      Board.Lines  ports; each opens its devices when it is run
//
// Nothing is driven before the whole file is valid and before the PCM clock
// runs: chips on a highway lose their mind without it, and a sound card that
// answers is the evidence that this is the board the file describes. A device
// that is missing takes its line out of service with the reason, is looked for
// again from time to time, and does not concern the other lines.
package board
