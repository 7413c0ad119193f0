//go:build provision

package provision

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/sip/digest"
	"github.com/ata-agent/ata-agent/test/peer"
)

// notifies are what servers send to have a device look at its configuration, or
// start again, and what is to come of it.
var notifies = []struct {
	name   string
	event  string
	more   string // headers
	answer int    // 401: and then 200, once the password is proved
	wish   string // as the log has it, "" for none
}{
	{"Cisco, Polycom, Grandstream, Wazo, Kazoo", "check-sync", "", 200, "restart=false"},
	{"in capitals", "Check-Sync", "", 200, "restart=false"},
	{"snom, Yealink, Gigaset", "check-sync;reboot=false", "", 200, "restart=false"},
	{"snom, Yealink, Panasonic, restart", "check-sync;reboot=true", "", 401, "restart=true"},
	{"Sipura, FusionPBX", "resync", "Content-Type: application/simple-message-summary", 200, "restart=false"},
	{"FusionPBX for Linksys", "reboot=true", "Content-Type: application/simple-message-summary", 401, "restart=true"},
	{"restart", "reboot", "", 401, "restart=true"},
	{"Linksys, cold", "reboot_now", "", 401, "restart=true"},
	{"Linksys, warm", "restart_now", "", 401, "restart=true"},
	{"Sipura's report", "report", "", 401, "restart=false"},
	{"factory reset", "factory-reset", "", 403, ""},
	{"mailbox", "message-summary", "Content-Type: application/simple-message-summary", 200, ""},
	{"unknown", "ua-profile", "", 489, ""},
}

// notify makes SIPp send a NOTIFY to the device's user, through Kamailio if it is
// at its port; times in all, ten a second.
func notify(t *testing.T, port int, event, more string, answer, times int) error {
	t.Helper()
	text := strings.ReplaceAll(notifyMessage(event, more), "\r\n", "\n")
	for ours, sipps := range map[string]string{"LOCAL": "[local_ip]:[local_port]", "BRANCH": "[branch]", "CALLID": "[call_id]", "TAG": "[call_number]x[pid]"} {
		text = strings.ReplaceAll(text, ours, sipps)
	}
	file := filepath.Join(t.TempDir(), "notify.xml")
	peer.WriteFile(t, file, fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"notify\">\n<send retrans=\"500\"><![CDATA[\n%s\n]]></send>\n"+
		"<recv response=\"100\" optional=\"true\"/>\n<recv response=\"%d\"/>\n</scenario>\n", text, answer))
	cmd := exec.Command("sipp", fmt.Sprintf("127.0.0.1:%d", port), "-i", "127.0.0.1", "-p", fmt.Sprint(peer.FreePort(t)), "-sf", file,
		"-m", fmt.Sprint(times), "-r", "10", "-timeout", "20s", "-timeout_error", "-nostdin")
	cmd.Dir = filepath.Dir(file)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("sipp: %w: %s", err, peer.Tail(string(out), 2500))
	}
	return nil
}

// notifyMessage is a NOTIFY with what differs each time in capitals. With a type
// it has a body.
func notifyMessage(event, more string) string {
	body := ""
	if more != "" {
		more, body = more+"\r\n", "Messages-Waiting: no\r\n"
	}
	return "NOTIFY sip:100@ata.test SIP/2.0\r\nVia: SIP/2.0/UDP LOCAL;branch=BRANCH\r\nFrom: <sip:pbx@pbx.test>;tag=TAG\r\nTo: <sip:100@ata.test>\r\n" +
		"Call-ID: CALLID\r\nCSeq: 1 NOTIFY\r\nContact: <sip:pbx@LOCAL>\r\nMax-Forwards: 70\r\nEvent: " + event + "\r\nSubscription-State: active\r\n" +
		more + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body
}

// prove sends a NOTIFY and, being challenged, again with the password.
func prove(t *testing.T, port int, event, more, password string) (status int) {
	t.Helper()
	c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	d := digest.Client{User: "100", Password: password}
	text, credentials := notifyMessage(event, more), ""
	for n := 1; n <= 2; n++ {
		message := strings.NewReplacer("LOCAL", c.LocalAddr().String(), "BRANCH", fmt.Sprintf("z9hG4bK-%d-%d", c.LocalAddr().(*net.UDPAddr).Port, n), "CALLID", c.LocalAddr().String(), "TAG", "t",
			"CSeq: 1", fmt.Sprint("CSeq: ", n), "Max-Forwards: 70\r\n", "Max-Forwards: 70\r\n"+credentials).Replace(text)
		answer := exchange(t, c, message)
		if status = answer.StatusCode; status != 401 {
			return status
		}
		_, value, err := d.Authorize("NOTIFY", "sip:100@ata.test", nil, answer.Header.Values("Www-Authenticate"), false)
		if err != nil {
			t.Fatal(err)
		}
		credentials = "Authorization: " + value + "\r\n"
	}
	return status
}

// exchange sends a request and returns the final response. The head of one is
// that of HTTP but for the name.
func exchange(t *testing.T, c net.Conn, message string) *http.Response {
	t.Helper()
	if _, err := c.Write([]byte(message)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8<<10)
	for {
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second)) // fails when the read does
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(buf[:n]), "SIP/2.0", "HTTP/1.1", 1)
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode >= 200 {
			return res
		}
	}
}

const wished = "the server wants the configuration looked at"

// TestNotify sends every NOTIFY that servers are known to send, by SIPp through
// Kamailio. Restarts are challenged, a hundred wishes are one look, and what does
// not come from the account's server is not answered.
func TestNotify(t *testing.T) {
	t.Parallel()
	k := peer.StartKamailio(t, "MD5", peer.Account{User: "100", Password: "right"})
	d := newDevice(t, newProvider(t), account(k.Port, "100", "right"))
	d.Run(t)
	d.until(t, 20*time.Second, "the line is registered and the server asked", func(s *status) bool {
		return s.Lines[0].Registration == "registered" && s.Provisioning.State == provision.Waiting && !s.Provisioning.Looked.IsZero()
	})
	looks := d.looks()
	for _, tt := range notifies {
		t.Run(tt.name, func(t *testing.T) {
			before := len(d.Log.String())
			if err := notify(t, k.Port, tt.event, tt.more, tt.answer, 1); err != nil {
				t.Fatal(err)
			}
			if tt.answer == 401 {
				if strings.Contains(d.Log.String()[before:], wished) {
					t.Fatal("followed without a proof")
				}
				if got := prove(t, k.Port, tt.event, tt.more, "guessed"); got != 401 {
					t.Errorf("%d with a wrong password", got)
				}
				if got := prove(t, k.Port, tt.event, tt.more, "right"); got != 200 {
					t.Fatalf("%d with the password", got)
				}
			}
			said := func() string { return d.Log.String()[before:] }
			if tt.wish == "" {
				if strings.Contains(said(), wished) {
					t.Errorf("followed: %s", said())
				}
				return
			}
			peer.Eventually(t, 5*time.Second, "the wish is followed", func() bool { return strings.Contains(said(), wished+`" `+tt.wish) })
		})
	}
	if err := notify(t, k.Port, "check-sync", "", 200, 100); err != nil {
		t.Fatal(err)
	}
	before := strings.Count(d.Log.String(), wished)
	if err := notify(t, d.sipPort(t), "check-sync", "", 200, 1); err == nil {
		t.Error("a stranger is answered")
	}
	if strings.Count(d.Log.String(), wished) != before {
		t.Error("a stranger is listened to")
	}
	d.until(t, 70*time.Second, "the restart that was asked for", func(s *status) bool {
		return strings.Contains(d.Log.String(), "the agent starts anew") && s.Lines[0].Registration == "registered"
	})
	if n := d.looks() - looks; n != 1 {
		t.Errorf("%d looks for a hundred wishes and those before, want 1", n)
	}
}

// sipPort is the device's own, as its log tells.
func (d *device) sipPort(t *testing.T) (port int) {
	t.Helper()
	const before = "local=127.0.0.1:"
	_, rest, found := strings.Cut(d.Log.String(), before)
	if _, err := fmt.Sscanf(rest, "%d", &port); !found || err != nil {
		t.Fatalf("no port in the log: %v", err)
	}
	return port
}
