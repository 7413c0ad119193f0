package privacy

import (
	"strings"
	"testing"
)

// The keys of voice do not leave, whatever the owner permits and however the
// description is written, for our own parser is lenient too.
func TestVoiceKeysStay(t *testing.T) {
	s := newScrubber(t)
	const key = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
	for name, line := range map[string]string{
		"usual":          "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + key + "|2^20|1:4",
		"capitals":       "A=CRYPTO:1 AES_CM_128_HMAC_SHA1_80 INLINE:" + key,
		"blanks":         " a = crypto : 1 AES_CM_128_HMAC_SHA1_80 inline:" + key,
		"another method": "a=crypto:1 AES_CM_128_HMAC_SHA1_80 other:" + key,
		"not crypto":     "a=x-keys:1 inline:" + key,
	} {
		for ends, end := range map[string]string{"CRLF": "\r\n", "LF": "\n", "CR": "\r"} {
			body := strings.Join([]string{"v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "m=audio 4000 RTP/SAVP 0", line, "a=rtpmap:0 PCMU/8000", ""}, end)
			msg := "INVITE sip:a@b SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n" + body
			for text, out := range map[string]string{
				"message": s.form(Message, msg, Permit{Tracing, Everything}), "for a technician": string(s.Message([]byte(msg))),
				"piece": string(s.Message([]byte(body))),
			} {
				if strings.Contains(out, key[:16]) && (name == "usual" || name == "capitals" || text != "piece") {
					t.Errorf("%s, %s, %s: the key leaves:\n%s", name, ends, text, out)
				}
				if text != "piece" && !strings.Contains(out, "a=rtpmap:0 PCMU/8000") {
					t.Errorf("%s, %s, %s: more than the key is gone:\n%s", name, ends, text, out)
				}
			}
		}
	}
	if out := s.form(Prose, "offer inline:"+key+" refused", Permit{Diagnostics, Everything}); strings.Contains(out, key[:16]) {
		t.Errorf("a log leaves with a key: %s", out)
	}
}
