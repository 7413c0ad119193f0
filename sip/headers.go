package sip

import "net/netip"

// addrPortOf joins an address and a port that a URI or a header named.
func addrPortOf(a netip.Addr, port int) netip.AddrPort {
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}

func reasonPhrase(code int) string {
	if s, ok := phrases[code]; ok {
		return s
	}
	switch code / 100 {
	case 1:
		return "Session Progress"
	case 2:
		return "OK"
	case 3:
		return "Moved"
	case 4:
		return "Client Error"
	case 5:
		return "Server Error"
	}
	return "Decline"
}

// RFC 3261 §21.
var phrases = map[int]string{
	180: "Ringing", 183: "Session Progress", 200: "OK",
	400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
	415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
	422: "Session Interval Too Small", 480: "Temporarily Unavailable",
	481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 486: "Busy Here",
	487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending",
	500: "Server Internal Error", 501: "Not Implemented", 503: "Service Unavailable",
	504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large",
	600: "Busy Everywhere", 603: "Decline",
}
