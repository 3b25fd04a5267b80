package vnet

// DeviceTap is the class of tap and tun interfaces (src/plugins/tap).
var DeviceTap = &DeviceClass{Name: "tap", Input: "tap-input"}
