package sdp

// static are the payload types that need no rtpmap (RFC 3551 §6, tables 4 and 5).
var static = map[uint8]Codec{
	0:  {PT: 0, Name: "PCMU", Rate: 8000, Channels: 1},
	3:  {PT: 3, Name: "GSM", Rate: 8000, Channels: 1},
	4:  {PT: 4, Name: "G723", Rate: 8000, Channels: 1},
	5:  {PT: 5, Name: "DVI4", Rate: 8000, Channels: 1},
	6:  {PT: 6, Name: "DVI4", Rate: 16000, Channels: 1},
	7:  {PT: 7, Name: "LPC", Rate: 8000, Channels: 1},
	8:  {PT: 8, Name: "PCMA", Rate: 8000, Channels: 1},
	9:  {PT: 9, Name: "G722", Rate: 8000, Channels: 1},
	10: {PT: 10, Name: "L16", Rate: 44100, Channels: 2},
	11: {PT: 11, Name: "L16", Rate: 44100, Channels: 1},
	12: {PT: 12, Name: "QCELP", Rate: 8000, Channels: 1},
	13: {PT: 13, Name: "CN", Rate: 8000, Channels: 1},
	14: {PT: 14, Name: "MPA", Rate: 90000, Channels: 1},
	15: {PT: 15, Name: "G728", Rate: 8000, Channels: 1},
	16: {PT: 16, Name: "DVI4", Rate: 11025, Channels: 1},
	17: {PT: 17, Name: "DVI4", Rate: 22050, Channels: 1},
	18: {PT: 18, Name: "G729", Rate: 8000, Channels: 1},
	25: {PT: 25, Name: "CelB", Rate: 90000, Channels: 1},
	26: {PT: 26, Name: "JPEG", Rate: 90000, Channels: 1},
	28: {PT: 28, Name: "nv", Rate: 90000, Channels: 1},
	31: {PT: 31, Name: "H261", Rate: 90000, Channels: 1},
	32: {PT: 32, Name: "MPV", Rate: 90000, Channels: 1},
	33: {PT: 33, Name: "MP2T", Rate: 90000, Channels: 1},
	34: {PT: 34, Name: "H263", Rate: 90000, Channels: 1},
}
