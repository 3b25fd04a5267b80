package vnet

// DevicePG is the class of packet generator interfaces (src/vnet/pg), which
// tests use.
var DevicePG = &DeviceClass{Name: "pg", Input: "pg-input"}
