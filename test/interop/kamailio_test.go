//go:build interop

package interop

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Accounts at Kamailio, domain ata.test: one for each line of an agent, one for
// baresip.
const (
	lines        = 4
	bareUser     = "2001"
	barePassword = "secretb"
)

func userOf(line int) string     { return fmt.Sprint(1000 + line) }
func passwordOf(line int) string { return fmt.Sprint("secret", line) }

// kamailio is a registrar and proxy.
type kamailio struct {
	*process
	run  string
	port int
}

func startKamailio(t *testing.T, algorithm string) *kamailio {
	t.Helper()
	k := &kamailio{run: t.TempDir(), port: freePort(t)}
	writeFile(t, filepath.Join(k.run, "db", "version"), []byte("table_name(string) table_version(int)\nsubscriber:7\n"))
	var db strings.Builder
	db.WriteString("id(int,auto) username(string) domain(string) password(string) ha1(string,null) ha1b(string,null)\n")
	fmt.Fprintf(&db, "1:%s:ata.test:%s::\n", bareUser, barePassword)
	for n := 1; n <= lines; n++ {
		fmt.Fprintf(&db, "%d:%s:ata.test:%s::\n", n+1, userOf(n), passwordOf(n))
	}
	writeFile(t, filepath.Join(k.run, "db", "subscriber"), []byte(db.String()))
	fill(t, "kamailio.cfg", filepath.Join(k.run, "kamailio.cfg"), map[string]any{"Port": k.port, "Run": k.run, "Algorithm": algorithm})
	k.start(t)
	return k
}

func (k *kamailio) start(t *testing.T) {
	t.Helper()
	k.process = start(t, "kamailio", exec.Command("kamailio", "-f", filepath.Join(k.run, "kamailio.cfg"),
		"-DD", "-E", "-Y", k.run, "-P", filepath.Join(k.run, "pid"), "-w", k.run, "-m", "32", "-M", "4"))
	eventually(t, 10*time.Second, "kamailio answers OPTIONS", func() bool { return answersOptions(k.port) })
}

// knows reports whether a user is registered.
func (k *kamailio) knows(t *testing.T, user string) bool {
	t.Helper()
	out, err := exec.Command("kamcmd", "-s", "unix:"+filepath.Join(k.run, "ctl"), "ul.dump").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Domains") {
		t.Fatalf("kamcmd: %v: %s", err, out)
	}
	return strings.Contains(string(out), "AoR: "+user+"\n")
}

// answersOptions asks a SIP server whether it is there.
func answersOptions(port int) bool {
	c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	defer c.Close()
	fmt.Fprintf(c, "OPTIONS sip:127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKping;rport\r\nMax-Forwards: 5\r\n"+
		"From: <sip:ping@127.0.0.1>;tag=p\r\nTo: <sip:127.0.0.1>\r\nCall-ID: ping\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", port, c.LocalAddr())
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	n, err := c.Read(make([]byte, 2048))
	return err == nil && n > 0
}
