package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/telemetry"
)

// counted is a client whose requests telemetry counts.
type counted struct {
	provision.Client
	operations *telemetry.Operations
}

// Get implements provision.Client.
func (c *counted) Get(ctx context.Context, url string, have fetch.Validator) (*fetch.Document, error) {
	begin := time.Now()
	d, err := c.Client.Get(ctx, url, have)
	code := codeOf(err)
	if r, ok := errors.AsType[*fetch.Refusal](err); ok && r.Reason == fetch.Untrusted {
		c.operations.Untrusted()
	}
	if err == nil && d.Unchanged {
		code = "304"
	}
	c.operations.Requested(schemeOf(url), code, time.Since(begin))
	return d, err
}

// Report implements provision.Client.
func (c *counted) Report(ctx context.Context, url string, body []byte) error {
	begin := time.Now()
	err := c.Client.Report(ctx, url, body)
	c.operations.Requested(schemeOf(url), codeOf(err), time.Since(begin))
	return err
}

// codeOf is the class of the server's answer.
func codeOf(err error) string {
	if err == nil {
		return "2xx"
	}
	if r, ok := errors.AsType[*fetch.Refusal](err); ok && (r.Status/100 == 4 || r.Status/100 == 5) {
		return fmt.Sprintf("%dxx", r.Status/100)
	}
	return "error"
}

func schemeOf(url string) string {
	scheme, _, _ := strings.Cut(url, ":")
	return strings.ToLower(scheme)
}

// origin says whose configuration is in force.
func origin(layers []config.Layer) string {
	if slices.ContainsFunc(layers, isServers) {
		return "server"
	}
	return "local"
}
