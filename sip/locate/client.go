package locate

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// Client is a Resolver that asks recursive name servers over UDP, and over TCP
// if an answer does not fit. It caches nothing.
type Client struct {
	Servers []netip.AddrPort // asked in this order
	Timeout time.Duration    // for one answer [2 s]
	Rounds  int              // times each server is asked [2]
}

var errNoServer = errors.New("no name server")

// Query asks one server after the other until one knows.
func (c *Client) Query(ctx context.Context, kind Kind, name string) ([]Record, error) {
	rounds := c.Rounds
	if rounds == 0 {
		rounds = 2
	}
	err := errNoServer
	for range rounds {
		for _, server := range c.Servers {
			var records []Record
			records, err = c.ask(ctx, server, kind, name)
			if err == nil || errors.Is(err, ErrNotFound) {
				return records, err
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	return nil, fmt.Errorf("locate: ask for %s: %w", name, err)
}

func (c *Client) ask(ctx context.Context, server netip.AddrPort, kind Kind, name string) ([]Record, error) {
	records, err := c.exchange(ctx, "udp", server, kind, name)
	if errors.Is(err, errTruncated) {
		return c.exchange(ctx, "tcp", server, kind, name)
	}
	return records, err
}

// exchange sends a question and reads until its answer is there. A socket of
// its own, and a random number in the question, make answers hard to forge.
func (c *Client) exchange(ctx context.Context, network string, server netip.AddrPort, kind Kind, name string) ([]Record, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = 2 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var number [2]byte
	if _, err := rand.Read(number[:]); err != nil {
		return nil, err
	}
	id := binary.BigEndian.Uint16(number[:])
	msg, err := request(id, kind, name)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // a closed one is ended as well
	defer stop()
	if network == "tcp" {
		return overStream(conn, msg, id, kind, name)
	}
	return overPackets(conn, msg, id, kind, name)
}

func overPackets(conn net.Conn, msg []byte, id uint16, kind Kind, name string) ([]Record, error) {
	if _, err := conn.Write(msg); err != nil {
		return nil, err
	}
	buf := make([]byte, 65535)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, err
		}
		records, err := parse(buf[:n], id, kind, name)
		if !errors.Is(err, errForeign) {
			return records, err
		}
	}
}

// overStream puts the length in front (RFC 1035 §4.2.2).
func overStream(conn net.Conn, msg []byte, id uint16, kind Kind, name string) ([]Record, error) {
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	buf := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, buf); err != nil {
		return nil, err
	}
	return parse(buf, id, kind, name)
}
