// The root entry for a user in CommonJS who has none of the optional peers.
require('reflect-metadata');
const { Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const breaker = require('nestjs-breaker');
const { tryBare } = require('./try-bare.cjs');

void tryBare(Module, NestFactory, breaker);
