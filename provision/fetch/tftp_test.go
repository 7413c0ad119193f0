package fetch

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/pin/tftp/v3"
)

// tftpServer has the files given and nothing else.
func tftpServer(t *testing.T, files map[string]string) string {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := tftp.NewServer(func(name string, w io.ReaderFrom) error {
		text, ok := files[name]
		if !ok {
			return errors.New("no such file")
		}
		_, err := w.ReadFrom(strings.NewReader(text))
		return err
	}, nil)
	done := make(chan error, 1)
	go func() { done <- s.Serve(conn) }()
	t.Cleanup(func() {
		s.Shutdown()
		<-done
	})
	return "tftp://" + conn.LocalAddr().String()
}

func TestTFTP(t *testing.T) {
	url := tftpServer(t, map[string]string{"spa112.cfg": document, "sub/long": strings.Repeat("x", 5000)})
	d, err := get(t, Opts{Plain: true}, url+"/spa112.cfg", Validator{})
	if err != nil || string(d.Data) != document {
		t.Fatalf("%+v, %v", d, err)
	}
	if d, err = get(t, Opts{Plain: true}, url+"/spa112.cfg;mode=octet", d.Validator); err != nil || !d.Unchanged {
		t.Errorf("again: %+v, %v", d, err)
	}
	_, err = get(t, Opts{Plain: true}, url+"/other", Validator{})
	refused(t, err, NotFound)
	_, err = get(t, Opts{Plain: true, Limits: Limits{Body: 4000}}, url+"/sub/long", Validator{})
	refused(t, err, TooLarge)
	_, err = get(t, Opts{}, url+"/spa112.cfg", Validator{})
	refused(t, err, Plain)
}
